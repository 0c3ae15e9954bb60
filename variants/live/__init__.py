"""Real kernels as subjects: booted in QEMU, used through an agent, watched like any other."""
