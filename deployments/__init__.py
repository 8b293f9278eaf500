"""Thin Ray Serve shells: hold what is loaded, enforce deadlines, call one pipeline function; and the HTTP gateway."""
