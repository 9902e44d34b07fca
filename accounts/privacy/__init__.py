"""The personal data of one person: given out as one document, and erased (ADR 17).

``registry`` knows whose each model's rows are, ``exporting`` gives them out, ``erasing`` removes them.
"""
