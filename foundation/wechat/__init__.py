"""What all our WeChat clients share: transport, token broker, and the mini-program's own calls.

Rooms use `MiniProgram` (miniprogram.py). wechatpy serves as a codec: its classes build requests and its
cryptography reads callbacks, while every request goes out through our own aiohttp transport (transport.py,
client.py) to the address that the settings name. Tokens are shared by all processes through Redis (tokens.py).
"""
