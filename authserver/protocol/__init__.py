"""What the endpoints have in common: reading parameters, and answering errors as the RFCs want them."""
