"""Every figure that the README and docs/benchmarks.md quote: one module each, peers measured in the same run."""
