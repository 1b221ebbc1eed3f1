mod ask;
mod life;
mod routes;
