"""The shared zone engine: a machine's memory as the kernel books it."""
