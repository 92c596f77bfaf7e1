"""What the check sees: a pack with one thing taken away, for each thing in it (I10).

    python -m tests.mutation                the whole default pack
    python -m tests.mutation --every 10     each tenth thing
    python -m tests.mutation FOLDER|NAME    another pack

The check must object, or the change is harmless by one of the rules of `harmless`, each with its
reason. Whatever stands in a pack's document is taken away in turn, so that a new section of a
pack is in from the start.
"""
