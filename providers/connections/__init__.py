"""Connections: providers that administrators set up, for the site or for one tenant (ADR 71).

``acts`` writes them, ``building`` makes providers of them, and ``directory`` knows which there are.
"""
