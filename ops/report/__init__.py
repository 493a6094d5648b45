"""Shows an environment: a diagram of its architecture, and one page with everything that the stacks and reports say.

Both are generated from the gate's merged view and reachability proof, and from the reports of other commands.
`architecture` reads what the diagram shows, `drawing` draws it.
"""
