"""The platform: what every service needs and none should write again. Knows `contracts.base` and no service."""
