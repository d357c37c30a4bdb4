"""The working calendar: which days offices work, and what is due after so many working days.

The table holds what the State Council announced, day by day; a year nobody has announced follows the
ordinary week and is marked as a guess. Start reading at `working_days.py`, which is pure; other rooms ask
`queries.current_calendar()` and count with what it gives.
"""
