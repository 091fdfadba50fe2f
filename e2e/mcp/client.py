"""Lists and calls every tool of `tamis mcp` with the Python client, over both transports.

    python3 client.py TAMIS INDEX URL

INDEX holds notes of a kitchen; URL is that of a server over HTTP on another copy of it.
"""
import asyncio
import sys

from mcp import ClientSession, StdioServerParameters
from mcp.client.stdio import stdio_client

try:
    from mcp.client.streamable_http import streamable_http_client as over_http
except ImportError:  # older clients
    from mcp.client.streamable_http import streamablehttp_client as over_http

CALLS = [
    ("context", {"question": "How do I clean a tamis?"}, "mesh up"),
    ("search", {"query": "tamis mesh", "budget": 300}, "sieves.md:1"),
    ("open", {"label": "sieves.md:1"}, "mesh up"),
    ("session", {"do": "list"}, "[window"),
    ("add", {"title": "Ducks", "text": "Ducks are roasted on the bone."}, "1 "),
]


async def use(name, streams):
    async with ClientSession(streams[0], streams[1]) as session:
        await session.initialize()
        tools = [t.name for t in (await session.list_tools()).tools]
        assert tools == sorted(c[0] for c in CALLS), tools
        for tool, arguments, want in CALLS:
            result = await session.call_tool(tool, arguments)
            text = result.content[0].text
            failed = getattr(result, "is_error", None) or getattr(result, "isError", None)
            assert not failed and want in text, (name, tool, text)
        templates = await session.list_resource_templates()
        found = getattr(templates, "resource_templates", None) or getattr(templates, "resourceTemplates", None)
        assert len(found) == 3, found
        document = await session.read_resource("tamis://default/document/sieves.md")
        assert "mesh up" in document.contents[0].text
    print("python client,", name + ":", len(CALLS), "tools called")


async def main(program, index, url):
    server = StdioServerParameters(command=program, args=["mcp", "--index", index, "--structured"])
    async with stdio_client(server) as streams:
        await use("stdio, structured", streams)
    for address in (url, url + "?structured=1"):
        async with over_http(address) as streams:
            await use("http" + address[len(url):], streams)


asyncio.run(main(*sys.argv[1:]))
