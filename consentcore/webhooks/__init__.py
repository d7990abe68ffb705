"""What the command line and the API do with webhook endpoints and the delivery log: the same things, said once."""
