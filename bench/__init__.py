"""Figures for docs/performance.md: `just bench`. They are shown, not tested: machines differ and are noisy."""
