"""`llmlb status`: what a running gateway does now, on one screen of a terminal."""
