"""What the platform costs beside a program written by hand for the same work: ``python -m benchmarks``."""
