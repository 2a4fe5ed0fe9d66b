"""What a simulated model says: the same prompt always gets the same pleasant text, in its own language."""

from __future__ import annotations

import re
import zlib
from random import Random

_JAPANESE = re.compile(r"[\u3040-\u30ff\u3400-\u9fff]")
_TOKEN = re.compile(r" ?[A-Za-z0-9]+(?:['’-][A-Za-z0-9]+)*| ?[\u3040-\u30ff\u3400-\u9fff]{1,2}|\s|.", re.DOTALL)
_QUOTED = 40

_OPENING = {
    "ja": "「{prompt}」ですね。これはllmlbのデモ用に用意された、シミュレーションのノードからの応答です。",
    "en": "You said: “{prompt}” This is a simulated node of the llmlb demo, happy to answer.",
}
_SENTENCES = {
    "ja": (
        "本物のモデルのように、一語ずつ少しずつお返しします。",
        "ノードは一度にひとつのリクエストだけを処理し、ほかのリクエストはllmlbのキューで順番を待ちます。",
        "順番はAPIキーのあいだで公平なので、たくさん送る人がいても、ほかの人が長く待たされることはありません。",
        "待っているあいだに、お茶を一杯いかがですか。",
        "ページの「キュー状態」を開くと、いまの混み具合が見えます。",
        "窓の外では、朝の光がゆっくりと町に広がっていきます。",
        "小さな工夫を重ねることが、よい道具への近道です。",
        "もし途中で接続を切っても、ノードはすぐに次のリクエストへ進みます。",
        "同じ質問には、いつも同じ答えが返ります。",
        "設定を本物のノードに変えれば、このまま本当のモデルと話せます。",
    ),
    "en": (
        "Like a real model, I hand you my words one after another.",
        "A node works on one request at a time, and the others wait for their turn in the queue of llmlb.",
        "Turns are fair between API keys, so one busy neighbour never keeps everybody else waiting for long.",
        "There is time for a cup of tea while you wait.",
        "Open the page of the gateway to see how busy it is right now.",
        "Outside the window the morning light slowly spreads over the town.",
        "Small improvements, one upon the other, are the short way to a good tool.",
        "Should you hang up in the middle, the node goes on to the next request at once.",
        "The same question always gets the same answer.",
        "Point the configuration at real nodes, and you will talk to a real model in just this way.",
    ),
}


def language(prompt: str) -> str:
    """ "ja" if there is any Japanese in `prompt`, else "en"."""
    return "ja" if _JAPANESE.search(prompt) else "en"


def tokens(text: str) -> list[str]:
    """`text` in pieces such as a model makes them; joined they give it back."""
    return _TOKEN.findall(text)


def compose(prompt: str) -> str:
    """The answer to `prompt`: it is quoted, and three to five sentences follow."""
    tongue = language(prompt)
    quoted = " ".join(prompt.split())
    quoted = quoted if len(quoted) <= _QUOTED else quoted[:_QUOTED] + "…"
    chance = chance_of(prompt)
    said = [_OPENING[tongue].format(prompt=quoted), *chance.sample(_SENTENCES[tongue], chance.randint(3, 5))]
    return ("" if tongue == "ja" else " ").join(said)


def chance_of(text: str) -> Random:
    """Random numbers that depend on `text` only, the same on every machine."""
    return Random(zlib.crc32(text.encode("utf-8", "surrogatepass")))
