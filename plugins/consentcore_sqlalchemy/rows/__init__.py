"""Between rows and the values of the domain.

A row is a sequence in the order of the table's columns, whether it comes from SQLAlchemy or from a driver's cursor;
that is why flags are made ``bool`` here.
"""
