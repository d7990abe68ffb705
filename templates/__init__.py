"""Pages and e-mails as Jinja templates; an operator's theme folder overrides them by name."""
