mod ask;
mod life;
mod routes;
mod interruption;
