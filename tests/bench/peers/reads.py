"""`GET /orders/{id}/tracking` by others: one keyed query behind bare ASGI, and an ORM with pydantic on every level."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import datetime
from typing import Any
from uuid import UUID

import asyncpg
from fastapi import Depends, FastAPI, HTTPException, Response
from pydantic import BaseModel, ConfigDict
from sqlalchemy import ARRAY, ForeignKey, ForeignKeyConstraint, String
from sqlalchemy.dialects.postgresql import TIMESTAMP
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship, selectinload

from services.links import check_secret, parse_link_keys
from services.tracking.schemas import OrderTracking
from services.tracking.settings import Settings
from shared.db import connect_pool


def bare(settings: Settings) -> Any:
    """An ASGI application: the stored document by its key, and nothing else."""
    pool: asyncpg.Pool[asyncpg.Record] | None = None

    async def app(scope: Any, _receive: Any, send: Any) -> None:
        nonlocal pool
        if pool is None:
            pool = await connect_pool(settings.database_dsn(), settings.database_pool, "bench")
        body = b""
        if scope["path"] != "/readyz":
            body = await pool.fetchval(
                "select body from documents where order_id = $1", UUID(scope["path"].split("/")[2])
            )
        length = str(len(body)).encode()
        headers = [(b"content-type", b"application/json"), (b"content-length", length)]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    return app


class Base(DeclarativeBase):
    type_annotation_map = {datetime: TIMESTAMP(timezone=True)}  # noqa: RUF012  # SQLAlchemy's own protocol


class OrderRow(Base):
    __tablename__ = "orm_orders"
    order_id: Mapped[UUID] = mapped_column(primary_key=True)
    number: Mapped[str | None]
    marketplace: Mapped[str | None]
    country: Mapped[str | None]
    province: Mapped[str | None]
    state: Mapped[str]
    since: Mapped[datetime]
    outcome: Mapped[str | None]
    refund_due: Mapped[bool]
    updated_at: Mapped[datetime]
    parcels: Mapped[list[ParcelRow]] = relationship(order_by="ParcelRow.parcel")
    timeline: Mapped[list[EntryRow]] = relationship(order_by="EntryRow.position")


class ParcelRow(Base):
    __tablename__ = "orm_parcels"
    order_id: Mapped[UUID] = mapped_column(ForeignKey("orm_orders.order_id"), primary_key=True)
    parcel: Mapped[int] = mapped_column(primary_key=True)
    tracking_number: Mapped[str | None]
    status: Mapped[str | None]
    state: Mapped[str]
    since: Mapped[datetime]
    stage: Mapped[str]
    final: Mapped[bool]
    flags: Mapped[list[str]] = mapped_column(ARRAY(String))
    weight_g: Mapped[int | None]
    items: Mapped[list[ItemRow]] = relationship(order_by="ItemRow.sku")


class ItemRow(Base):
    __tablename__ = "orm_items"
    order_id: Mapped[UUID] = mapped_column(primary_key=True)
    parcel: Mapped[int] = mapped_column(primary_key=True)
    sku: Mapped[str] = mapped_column(primary_key=True)
    quantity: Mapped[int]
    description: Mapped[str | None]
    hs_code: Mapped[str | None]
    __table_args__ = (ForeignKeyConstraint(["order_id", "parcel"], [ParcelRow.order_id, ParcelRow.parcel]),)


class EntryRow(Base):
    __tablename__ = "orm_timeline"
    order_id: Mapped[UUID] = mapped_column(ForeignKey("orm_orders.order_id"), primary_key=True)
    position: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[datetime]
    kind: Mapped[str]
    parcel: Mapped[int | None]
    code: Mapped[str | None]
    status: Mapped[str | None]
    country: Mapped[str | None]


class Out(BaseModel):
    model_config = ConfigDict(from_attributes=True)


class ItemOut(Out):
    sku: str
    quantity: int
    description: str | None
    hs_code: str | None


class ParcelOut(Out):
    parcel: int
    tracking_number: str | None
    status: str | None
    state: str
    since: datetime
    stage: str
    final: bool
    flags: list[str]
    weight_g: int | None
    items: list[ItemOut]


class EntryOut(Out):
    at: datetime
    kind: str
    parcel: int | None
    code: str | None
    status: str | None
    country: str | None


class OrderOut(Out):
    order_id: UUID
    number: str | None
    marketplace: str | None
    country: str | None
    province: str | None
    state: str
    since: datetime
    outcome: str | None
    refund_due: bool
    updated_at: datetime
    parcels: list[ParcelOut]
    timeline: list[EntryOut]


def _engine(dsn: str) -> Any:
    return create_async_engine(dsn.replace("postgresql://", "postgresql+asyncpg://"), pool_size=8, max_overflow=0)


def orm(settings: Settings) -> FastAPI:
    """The route as an ORM's tutorial has it: rows to objects, objects to models, models to JSON."""
    sessions = async_sessionmaker(_engine(settings.database_dsn()), expire_on_commit=False)
    keys = parse_link_keys(settings.link_keys.get_secret_value())
    app = FastAPI()

    async def session() -> AsyncIterator[AsyncSession]:
        async with sessions() as opened:
            yield opened

    @app.get("/orders/{order_id}/tracking", response_model=OrderOut)
    async def detail(order_id: UUID, secret: str, db: AsyncSession = Depends(session)) -> Any:
        order = await db.get(
            OrderRow,
            order_id,
            options=[
                selectinload(OrderRow.parcels).selectinload(ParcelRow.items),
                selectinload(OrderRow.timeline),
            ],
        )
        if order is None or not check_secret(keys, order_id, secret):
            raise HTTPException(404)
        return order

    @app.get("/readyz")
    async def ready() -> Response:
        return Response()

    return app


async def fill(dsn: str, documents: list[OrderTracking]) -> None:
    """The same orders in the tables of the ORM."""
    engine = _engine(dsn)
    async with engine.begin() as connection:
        await connection.run_sync(Base.metadata.create_all)
    async with async_sessionmaker(engine)() as db:
        db.add_all(_rows(document) for document in documents)
        await db.commit()
    await engine.dispose()


def _rows(document: OrderTracking) -> OrderRow:
    flat = document.model_dump(include=set(OrderOut.model_fields) - {"parcels", "timeline"})
    parcels = [
        ParcelRow(
            **parcel.model_dump(include=set(ParcelOut.model_fields) - {"items", "flags"}),
            flags=list(parcel.flags),
            items=[ItemRow(**item.model_dump()) for item in parcel.items],
        )
        for parcel in document.parcels
    ]
    entries = [
        EntryRow(position=position, **entry.model_dump(include=set(EntryOut.model_fields)))
        for position, entry in enumerate(document.timeline)
    ]
    return OrderRow(**flat, parcels=parcels, timeline=entries)
