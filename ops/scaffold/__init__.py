"""Writes a new product or a new environment: values that synthesize, pass the gate and rehearse.

`answers` has what you are asked, or pass as options. `build` makes the values that a person would write, and they are
checked before a file is written. `source` writes values as Python, `register` the risks that they take, and `files` all
files or none.
"""
