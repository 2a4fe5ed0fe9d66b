"""What an operator can set: the model, and reading it from a file and the environment.

`load` gives a frozen `Config`, or raises `ConfigError` with every problem at once. Nothing here is coerced or
guessed: a file is right, or it is refused with what is allowed.
"""
