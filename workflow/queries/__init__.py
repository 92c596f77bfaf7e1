"""What is read: lists, a case, boards, look-ups. Every statement carries the one policy."""
