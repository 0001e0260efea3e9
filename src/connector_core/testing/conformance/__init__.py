"""The conformance kit: what every connector must hold, as checks that a vendor runs on samples of their own.

A check is known by its code, and its docstring is its page. It is given a plugin or one sample of it and raises
`Broken` where the promise does not hold. Whether the checks find anything is proven by plugins that each break one
promise (`mutants`): a check that no plugin can fail is worth nothing.
"""
