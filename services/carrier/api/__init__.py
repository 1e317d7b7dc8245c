"""The carrier service over HTTP: labels for the packers, answers and an inside view for operators, call-backs."""
