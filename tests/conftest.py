"""What holds for every test: how hard hypothesis tries, and an environment without settings of ours."""

from __future__ import annotations

import os

from hypothesis import HealthCheck, Phase, settings

# ci: the same examples every time, so that a red run is about the change, and none made smaller: that can
# take minutes and swallows the timeout (paste the printed blob to see it small). dev: new ones every time.
# soak: for half an hour.
FOUND_IS_ENOUGH = (Phase.explicit, Phase.reuse, Phase.generate)
EVEN_SLOW = (HealthCheck.too_slow,)
settings.register_profile(
    "ci",
    max_examples=60,
    derandomize=True,
    deadline=None,
    print_blob=True,
    phases=FOUND_IS_ENOUGH,
)
settings.register_profile("dev", max_examples=100, deadline=None)
settings.register_profile("soak", max_examples=2_000, deadline=None, suppress_health_check=EVEN_SLOW)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE") or ("ci" if os.environ.get("CI") else "dev"))

NOT_A_SETTING = "LLMLB_REAL_PYTHON"  # see tests/real
for _name in [name for name in os.environ if name.startswith("LLMLB_") and name != NOT_A_SETTING]:
    del os.environ[_name]
