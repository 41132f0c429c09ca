"""The ports, implemented: DNS, zone text, clocks, SPF."""
