"""WeChat's mini-program platform, played: login, phone number, access tokens, text check.

Start at `app.py` (what is put together) and `doors.py` (the true interface); people act through `people.py`.
"""
