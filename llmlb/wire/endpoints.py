"""The inference routes: which there are, and what of a request each of them needs."""

from __future__ import annotations

import enum

import attrs


class Family(enum.Enum):
    """Whose conventions a route follows: they differ in how an error is said and how a stream ends."""

    OPENAI = "openai"
    RESPONSES = "responses"
    ANTHROPIC = "anthropic"


@attrs.frozen
class Endpoint:
    """One POST route that is queued and passed on to a node under the same path.

    `multipart`: the body is a form, not JSON. `model_required`: a request without a model is refused;
    where it is not, such a request suits any node.
    """

    path: str
    family: Family = Family.OPENAI
    multipart: bool = False
    model_required: bool = True


ENDPOINTS: tuple[Endpoint, ...] = (
    Endpoint("/v1/chat/completions"),
    Endpoint("/v1/completions"),
    Endpoint("/v1/embeddings"),
    Endpoint("/v1/responses", Family.RESPONSES),
    Endpoint("/v1/messages", Family.ANTHROPIC),
    Endpoint("/v1/rerank"),
    Endpoint("/v1/audio/speech"),
    Endpoint("/v1/audio/transcriptions", multipart=True),
    Endpoint("/v1/audio/translations", multipart=True),
    Endpoint("/v1/images/generations", model_required=False),
    Endpoint("/v1/images/edits", multipart=True, model_required=False),
    Endpoint("/v1/images/variations", multipart=True, model_required=False),
)
