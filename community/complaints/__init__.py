"""Complaints (诉求): anything a resident asks to have dealt with, from filing to rating.

A complaint is a numbered list of events that only grows. Its state, its
deadlines and who is responsible are a projection of that list, made anew with
each event by `lifecycle.project`; so a late, repeated or reordered message of
the dispatch core can never move the screen back.

    submitted → pushed → assigned → accepted → in_progress → answered → closed
    (受理)      (分拨)     (签收)     (办理)        (办结)     (结案)

Start at `lifecycle.py` (the rules, pure), then `actions.py` (what residents do
and what the core tells), then `dispatch/` (the wire).
"""
