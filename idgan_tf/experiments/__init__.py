"""What a command line asks for, done: stages, sweeps, evaluations."""
