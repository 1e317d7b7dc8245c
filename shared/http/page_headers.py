"""The headers that let an HTML page load only its own content: content security policy, no referrer, no sniffing."""

from __future__ import annotations


def page_headers(*, script: str, style: str, images: str, forms: str = "'none'") -> dict[str, str]:
    """`script`, `style` and `images`: where each may come from, and `forms`: where forms may go, as the policy's source
    lists. Scripts may ask this origin only; nothing else is loaded, and nobody frames the page."""
    policy = {
        "default-src": "'none'",
        "script-src": script,
        "style-src": style,
        "img-src": images,
        "connect-src": "'self'",
        "base-uri": "'none'",
        "form-action": forms,
        "frame-ancestors": "'none'",
    }
    return {
        "Content-Security-Policy": "; ".join(f"{name} {sources}" for name, sources in policy.items()),
        "Referrer-Policy": "no-referrer",
        "X-Content-Type-Options": "nosniff",
    }
