"""What changes something: each opens one transaction, reads, asks `access`, decides, writes."""
