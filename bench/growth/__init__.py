"""``python -m bench.growth``: what a hundred times as much costs. See docs/scale.md."""
