"""Data owners: their accounts and addresses, their sign-ins, and what the links in mails to them do."""
