"""Violations that are planted into the synthesized stacks, one at a time, to see who finds them.

`rows` holds them as data, `plant` puts one into a copy, `judge` asks this gate and stock checkov, `page` writes
docs/maintainers/planted-violations.md. `make planted` (`python -m tests.gate.planted`) writes the page.
"""
