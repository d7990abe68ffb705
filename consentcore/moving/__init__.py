"""Moving house: everything that is kept, from one storage through a file to another one."""
