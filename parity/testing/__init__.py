"""What the pytest plugin does once a test asks for it.

Its modules are imported one by one, so that collecting tests does not load what running them takes.
"""
