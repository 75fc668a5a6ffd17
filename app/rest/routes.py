"""Every path of the REST contract."""

from starlette.routing import Route

from app.rest import accounts, files, videos
from app.server import health

ROUTES = (
    Route("/auth/register", accounts.register, methods=["POST"]),
    Route("/auth/login", accounts.login, methods=["POST"]),
    Route("/auth/refresh", accounts.refresh, methods=["POST"]),
    Route("/auth/logout", accounts.logout, methods=["POST"]),
    Route("/videos", videos.list_videos, methods=["GET"]),
    Route("/videos/upload", videos.upload, methods=["POST"]),
    Route("/videos/{id}/download", videos.download, methods=["GET"]),
    Route("/files/{ticket}", files.by_ticket, methods=["GET"]),
    Route("/livez", health.livez, methods=["GET"]),
    Route("/readyz", health.readyz, methods=["GET"]),
)
