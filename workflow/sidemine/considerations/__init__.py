"""What speaks for or against an answer, one room each: its record, how it is measured, and how it judges."""
