"""How many conditions are asked at once: what each of them needs is looked for in one pass, and few are left to ask.

The conditions themselves stay those of the language (`lang.closures`, the plain evaluator): nothing here may ever
give another answer, and `Filter(plain=True)` does without all of it.
"""
