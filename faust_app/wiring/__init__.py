"""Settings become adapters, adapters become flows; nothing is assembled anywhere else."""
