"""Every screen, in groups that share their data: the states that a group's walk visits, in order.

A group is a generator: it builds its data, yields a state, and goes on when that state was seen. So
what a later state needs may change what an earlier one showed.
"""
