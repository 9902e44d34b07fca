"""Export and erasure of one person's personal data (ADR 17).

``registry`` knows which rows belong to whom, ``exporting`` writes them as one document, ``erasing`` removes them.
"""
