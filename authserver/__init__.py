"""The auth server: programs get tokens here, by OAuth 2.1 and OpenID Connect (ADR 49).

``clients`` registers and authenticates programs, ``authorization`` asks people, ``tokens`` issues and checks what they
agreed to, ``keys`` signs it, and ``endpoints`` are the URLs of the protocol.
"""
