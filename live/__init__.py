"""Real kernels: booted in QEMU, driven through an agent, recorded, and compared with models."""
