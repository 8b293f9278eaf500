"""What a CUDA device computes, and how fast: `make gpu`, or `python -m bench.gpu`.

Needs torch, numpy, safetensors and transformers. Parts that need diffusers, gsplat, xformers, OpenCV or numba are
skipped by name where those are missing; nothing is fetched and nothing installed.
"""
