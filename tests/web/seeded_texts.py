"""Texts of seeded proposals, an ordinary one and a hostile one."""

LEVERAGE = """# Lower maximum leverage on ETH-PERP from 20× to 10×

On the last three stress days the insurance fund paid for positions above 10×. This proposal
lowers the limit and raises the maintenance margin **at the same time**, so that nobody is caught
between the two.

## What changes for traders

1. Open positions above 10× stay open and may not be increased.
2. Maintenance margin goes from 2.5 % to 4 %.

> Positions that fall below the new margin are warned for a day before they are liquidated.

See [the analysis](https://example.org/leverage) and `Venue.setMaxLeverage`.
"""

HOSTILE = (
    "# Routine update <script>alert('x')</script> \u202egnihton od\n\n"
    "<script>document.body.innerHTML = 'owned'</script>\n\n"
    "![tracking](https://evil.example/pixel.png) [click me](javascript:alert(1)) "
    "<a href='https://evil.example' onclick='x()'>free tokens</a>\n\n"
    "Zero\u200bwidth and \u202eright to left\u202c and a very long word "
    + "x" * 400
    + "\n\n"
    + "All work and no play. " * 48_000
)
