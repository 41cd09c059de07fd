"""What must be billed, worked out the slow and plain way from the accepted acts alone.

A second opinion on the billing rules: it shares no line with the product, recomputes every period from the first day at
each step, and refuses by name (`NotSupported`) what it does not know.
"""


class NotSupported(Exception):
    """The scenario needs a rule that this program does not know; the text names it."""
