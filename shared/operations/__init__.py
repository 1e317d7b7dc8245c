"""What operators and their tools see and do: the operator API, metrics, readiness, provisioning, migrations."""
