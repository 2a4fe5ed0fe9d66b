"""llmlb: one fair queue in front of self-hosted LLM nodes."""

__version__ = "0.1.0"
