"""Work given to other processes, on this machine or a cluster; what the work is, it is told."""
