"""The page at `/` of a build without the web bundle: what this service is and how to ask it."""

from typing import Final

PAGE: Final = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>Moldar</title><style>
body{font:16px/1.6 system-ui,sans-serif;max-width:44rem;margin:4rem auto;padding:0 1rem;color:#222;background:#fbfaf8}
pre{background:#f0eee9;padding:1rem;border-radius:.5rem;overflow:auto}code{font-size:.9em}
@media(prefers-color-scheme:dark){body{color:#eee;background:#191919}pre{background:#262626}a{color:#8cf}}
</style></head><body>
<h1>Moldar</h1>
<p>A sentence or a picture becomes a printable object and a price.</p>
<pre><code>curl -s -H 'Prefer: wait=30' -H 'Content-Type: application/json' \\
     -d '{"prompt": "a vase 120 mm tall"}' http://127.0.0.1:8000/v1/generations</code></pre>
<p>The whole interface: <a href="/openapi.json">/openapi.json</a>. Who can serve:
<a href="/v1/backends">/v1/backends</a>. Materials: <a href="/v1/materials">/v1/materials</a>.
Metrics: <a href="/metrics">/metrics</a>.</p>
</body></html>
"""
