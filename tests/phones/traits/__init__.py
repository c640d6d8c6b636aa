"""What real phones show: one trait is one function that changes the phone and the truth."""
