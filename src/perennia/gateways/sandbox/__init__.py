"""The built-in test gateway: a small process of its own and the client that speaks to it over real HTTP."""

from perennia.gateways.sandbox.client import SandboxGateway

__all__ = ["SandboxGateway"]
